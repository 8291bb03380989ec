/**
 * Flows that nobody came back from: recorded once they cannot be finished any more.
 *
 * Rule: starting a flow writes nothing. What is watched here is in memory, bounded, and gone with the instance.
 */
import {
  drive,
  record,
  StoreUnavailable,
  type AwaitingAuthorizationResponse as Flow,
  type Connection,
  type Purpose,
  type Transcript,
  type Verdict,
} from '@relying-party/core'
import type { Attempts } from './attempts.ts'
import { revisionOf } from './circumstances.ts'
import { claim, claimOutlivesFlow, isFlowClaimed } from './claim.ts'
import type { Connections } from './connections.ts'
import type { Context } from './context.ts'
import { ioFor, type KnowledgeBase } from './knowledge.ts'
import { failTest } from './test-logins.ts'

/** How many connections are watched, and flows of each; tests apart from logins, which anybody can start. */
const maximumConnections = 500
const maximumFlows = 20
/** Seconds that a flow is left alone after its end: clocks differ, and who comes in the last moment is being answered. */
const grace = 60

interface Parts {
  readonly context: Context
  readonly connections: Connections
  readonly knowledge: KnowledgeBase
  readonly attempts: Attempts
}

/** The flows that were started here and have not come back. */
export type OutstandingFlows = ReturnType<typeof watchFlows>

export function watchFlows({ context, connections, knowledge, attempts }: Parts) {
  const { now, tolerances, log } = context
  /** By connection and state. */
  const watched: Readonly<Record<Purpose, Map<string, Map<string, Flow>>>> = { login: new Map(), test: new Map() }
  let underWay: Promise<void> | undefined

  function forget({ purpose, connection_id, state }: Flow): void {
    const flows = watched[purpose].get(connection_id)
    flows?.delete(state)
    if (flows?.size === 0) watched[purpose].delete(connection_id)
  }

  const minuteOf = ({ started_at }: Flow) => Math.floor(started_at / 60)
  /** The whole minute is over: all that is ever told of it is told at once. */
  const isDue = (flow: Flow) => now() >= (minuteOf(flow) + 1) * 60 + tolerances.flow + grace
  /** Later than this nobody can tell any more whether another instance has finished it. */
  const isKnowable = ({ started_at }: Flow) => now() < started_at + tolerances.flow + claimOutlivesFlow

  /** What is told as one: a test, or the logins of one minute and connection. */
  function due(): readonly (readonly Flow[])[] {
    const flows = Object.values(watched).flatMap((one) => [...one.values()].flatMap((each) => [...each.values()]))
    const together = (flow: Flow) => (flow.purpose === 'test' ? flow.state : `${flow.connection_id}.${minuteOf(flow)}`)
    return [...Map.groupBy(flows.filter(isDue), together).values()]
  }

  async function sweep(): Promise<void> {
    for (const flows of due()) {
      try {
        await tell(flows)
      } catch (error) {
        log.error({ err: error }, 'flows that nobody came back from could not be recorded')
        // They wait for the next sweep, and so does the store.
        if (error instanceof StoreUnavailable) return
      }
    }
  }

  async function tell(flows: readonly Flow[]): Promise<void> {
    const connection = (await connections.load(flows[0]!.organization_id))?.connection
    const abandoned: Flow[] = []
    for (const flow of flows) if (connection && (await isAbandoned(connection, flow))) abandoned.push(flow)
    const [flow] = abandoned
    if (connection === undefined || flow === undefined || !(await isOursToTell(flow))) return flows.forEach(forget)
    const transcript = await transcriptOf(connection, flow)
    const attempt_id = await attempts.record(transcript, { claimed: true, count: abandoned.length })
    flows.forEach(forget)
    if (flow.purpose !== 'test') return
    const { failure } = transcript.verdict as Extract<Verdict, { outcome: 'failed' }>
    await failTest(context, connections, flow, failure, attempt_id, flow.started_at)
  }

  /** A flow whose settings are replaced or deleted can be finished by nobody: there is nothing to find out about it. */
  async function isAbandoned(connection: Connection, flow: Flow): Promise<boolean> {
    return isKnowable(flow) && revisionOf(connection, flow) !== null && !(await isFlowClaimed(context, flow))
  }

  /** A test was started by an administrator; of logins every minute is recorded once, by whichever instance comes first. */
  async function isOursToTell(flow: Flow): Promise<boolean> {
    if (flow.purpose === 'test') return true
    const minute = minuteOf(flow)
    const expires_at = (minute + 1) * 60 + tolerances.flow + claimOutlivesFlow + grace
    return claim(context, `abandoned.${flow.connection_id}.${minute}`, expires_at)
  }

  async function transcriptOf(connection: Connection, flow: Flow): Promise<Transcript> {
    const rp = await connections.relyingParty(connection, revisionOf(connection, flow)!)
    const { observe, transcript } = record(rp, flow, context.crypto)
    const io = { ...ioFor(context, knowledge, rp), observe }
    const { state } = await drive(rp, flow, { type: 'abandoned', at: now() }, io)
    return transcript(state)
  }

  return {
    /** A browser was sent to the provider with this flow. */
    watch(flow: Flow): void {
      const { purpose, connection_id, state } = flow
      const flows = watched[purpose].get(connection_id) ?? new Map<string, Flow>()
      // The oldest stay: where many sign in, none would otherwise be watched to its end.
      if (flows.size >= maximumFlows) return
      if (flows.size === 0 && watched[purpose].size >= maximumConnections) return
      watched[purpose].set(connection_id, flows.set(state, flow))
    },
    /** Somebody came back with it. */
    forget,
    /** Records those that cannot be finished any more; never rejects. */
    sweep: (): Promise<void> => (underWay ??= sweep().finally(() => (underWay = undefined))),
  }
}
