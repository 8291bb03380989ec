/** Times and durations as people read them. */

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

/** A NumericDate: `2030-03-17T17:46:40Z`; as it stands where it is no time that a calendar has. */
export function timeOf(seconds: number): string {
  const date = new Date(Math.round(seconds) * 1000)
  return Number.isNaN(date.getTime()) ? String(seconds) : date.toISOString().replace('.000Z', 'Z')
}
