/** Times and durations as people read them, written without the runtime's own reading of dates. */

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
  ['second', 1],
] as const

/** A duration, exact to the second: `15 minutes`, `1 hour 30 seconds`. */
export function spell(seconds: number): string {
  let left = Math.round(seconds)
  if (!Number.isSafeInteger(left)) return `${seconds} seconds`
  const parts = units.flatMap(([unit, length]) => {
    const count = Math.floor(left / length)
    left -= count * length
    return count === 0 ? [] : [`${count} ${unit}${count === 1 ? '' : 's'}`]
  })
  return parts.length === 0 ? '0 seconds' : parts.join(' ')
}

/** A NumericDate: `2030-03-17T17:46:40Z`; as it stands where its year has not four digits. */
export function timeOf(seconds: number): string {
  const whole = Math.round(seconds)
  if (!(whole >= -62_167_219_200 && whole < 253_402_300_800)) return String(seconds)
  const days = Math.floor(whole / 86_400)
  const second = whole - days * 86_400
  const time = [second / 3600, (second / 60) % 60, second % 60].map((part) => digits(Math.floor(part)))
  return `${dateOf(days)}T${time.join(':')}Z`
}

/** The date of the Gregorian calendar so many days after the epoch, by counting years from March and eras of 400 years. */
function dateOf(days: number): string {
  const fromMarch = days + 719_468
  const era = Math.floor(fromMarch / 146_097)
  const dayOfEra = fromMarch - era * 146_097
  const leaps = Math.floor(dayOfEra / 1460) - Math.floor(dayOfEra / 36_524) + Math.floor(dayOfEra / 146_096)
  const yearOfEra = Math.floor((dayOfEra - leaps) / 365)
  const dayOfYear = dayOfEra - (yearOfEra * 365 + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100))
  const month = Math.floor((dayOfYear * 5 + 2) / 153)
  const day = dayOfYear - Math.floor((month * 153 + 2) / 5) + 1
  const year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
  return [digits(year, 4), digits(((month + 2) % 12) + 1), digits(day)].join('-')
}

function digits(number: number, count = 2): string {
  return String(number).padStart(count, '0')
}
