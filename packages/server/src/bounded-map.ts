/** A map that forgets what was set longest ago. */
export class BoundedMap<T> extends Map<string, T> {
  readonly #limit: number
  constructor(limit: number) {
    super()
    this.#limit = limit
  }
  override set(key: string, value: T): this {
    this.delete(key)
    super.set(key, value)
    if (this.size > this.#limit) this.delete(this.keys().next().value!)
    return this
  }
}
