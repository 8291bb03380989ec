/** Instants and lengths of time, as the pages write them: UTC, and the largest unit that fits. */
import { attributes, html, type Content } from './html.ts'

/** Returns an instant (epoch seconds) that machines and people can read; the script turns it into “3 minutes ago” unless it shall stay exact. */
export function time(at: number, { exact = false }: { readonly exact?: boolean } = {}): Content {
  const date = new Date(Math.floor(at) * 1000)
  if (Number.isNaN(date.getTime())) return 'an unknown time'
  const iso = date.toISOString().replace('.000Z', 'Z')
  const day = `${date.getUTCDate()} ${months[date.getUTCMonth()]!} ${date.getUTCFullYear()}`
  return html`<time${attributes({ datetime: iso, 'data-relative': !exact })}>${day}, ${iso.slice(11, exact ? 19 : 16)} UTC</time>`
}

export const lifetimeUnits = { seconds: 1, minutes: 60, hours: 3600, days: 86_400 } as const
export type LifetimeUnit = keyof typeof lifetimeUnits

/** Returns a length of time in the largest unit that divides it. */
export function lifetime(seconds: number): { readonly value: string; readonly unit: LifetimeUnit } {
  const unit = (['days', 'hours', 'minutes'] as const).find(
    (name) => seconds > 0 && seconds % lifetimeUnits[name] === 0,
  )
  return { value: String(seconds / lifetimeUnits[unit ?? 'seconds']), unit: unit ?? 'seconds' }
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
