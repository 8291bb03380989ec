/** Arguments of a command, read strictly. */
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** The command was called in a way that it does not understand, or on something that is not there. */
export class UsageError extends Error {}

/** The one operand and the options of a command; throws {@link UsageError} for anything else. */
export function readArguments<const Options extends ParseArgsOptionsConfig>(
  args: string[],
  operand: string,
  options: Options,
) {
  const parsed = (() => {
    try {
      return parseArgs({ args, options, allowPositionals: true, strict: true })
    } catch (error) {
      throw new UsageError((error as Error).message)
    }
  })()
  const [only, ...more] = parsed.positionals
  if (only === undefined || more.length > 0) throw new UsageError(`Give exactly one ${operand}.`)
  return { operand: only, values: parsed.values }
}
