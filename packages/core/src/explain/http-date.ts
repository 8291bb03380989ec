/** Dates of HTTP headers, read without the runtime's own reading of dates. */

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

/** Epoch seconds of an HTTP date. @see {@link https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7 | RFC 9110, section 5.6.7} */
export function secondsOf(date: string): number {
  const found = /^\w{3}, (\d\d) (\w{3}) (\d{4}) (\d\d):(\d\d):(\d\d) GMT$/.exec(date)
  if (found === null) return NaN
  const [day, year, hours, minutes, seconds] = [found[1], found[3], found[4], found[5], found[6]].map(Number)
  const month = months.indexOf(found[2]!)
  return month < 0 ? NaN : daysBefore(year!, month, day!) * 86_400 + hours! * 3600 + minutes! * 60 + seconds!
}

/** Days from the epoch to a date of the Gregorian calendar, by counting years from March. */
function daysBefore(year: number, month: number, day: number): number {
  const shifted = month < 2 ? year - 1 : year
  const fromMarch = (month + 10) % 12
  const leaps = Math.floor(shifted / 4) - Math.floor(shifted / 100) + Math.floor(shifted / 400)
  return shifted * 365 + leaps + Math.floor((fromMarch * 306 + 5) / 10) + day - 719_469
}
