/** `relying-party doctor`: a provider examined from outside, through the same guarded client as the server's. */
import { examineProvider, issuerFrom } from '@relying-party/core'
import { nodeCrypto } from '@relying-party/core/node'
import { createOutbound, mayCall, parseOutboundAllow } from '../outbound/index.ts'
import { readArguments, UsageError } from './usage.ts'

const marks = { passed: '✓', warned: '!', failed: '✗' } as const

export async function doctor(args: string[]): Promise<number> {
  const { operand, values } = readArguments(args, 'ISSUER', { json: { type: 'boolean', default: false } })
  const issuer = issuerFrom(operand)
  if (!URL.canParse(issuer))
    throw new UsageError(`${operand} is not a URL: give an issuer such as https://example.okta.com`)
  const allow = parseOutboundAllow(process.env.OUTBOUND_ALLOW ?? '')
  const outbound = createOutbound({ allow })
  try {
    const io = { now: () => Date.now() / 1000, request: outbound.request.bind(outbound), crypto: nodeCrypto }
    const findings = await examineProvider(issuer, io, (url) => mayCall(url, allow))
    if (values.json) process.stdout.write(`${JSON.stringify({ issuer, findings }, null, 2)}\n`)
    else {
      for (const { outcome, finding, remedy } of findings) {
        process.stdout.write(`${marks[outcome]} ${finding}\n${remedy === null ? '' : `    ${remedy}\n`}`)
      }
    }
    return findings.some(({ outcome }) => outcome === 'failed') ? 1 : 0
  } finally {
    await outbound.close()
  }
}
