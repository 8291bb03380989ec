/** The modules about UserInfo. */
import { acceptedLogin } from './row.ts'
import type { Row } from './row.ts'

const core = (section: string) => `OpenID Connect Core 1.0, section ${section}`

/** Rows by the names of their modules. */
export const userinfoRows: Record<string, Row> = {
  'oidcc-client-test-userinfo-invalid-sub': {
    does: 'Answers at UserInfo with the subject and the word invalid appended.',
    expects: 'The two subjects are compared, and the login refused. (The suite sees only the request.)',
    clause: core('5.3.2'),
    course: 'login',
    faults: ['userinfo.sub_mismatch'],
    expected: 'refused',
    reasons: ['userinfo_sub'],
    required: ['token', 'userinfo'],
  },
  'oidcc-client-test-scope-userinfo-claims': acceptedLogin({
    does: 'Nothing wrong. Of the person, most is told at UserInfo only, by scope.',
    expects: 'A scope for claims is requested, and the claims are read from UserInfo.',
    clause: core('5.4'),
    check: ({ calls, steps }) => {
      const problems: string[] = []
      for (const { endpoint, params } of calls) {
        if (endpoint !== 'authorization' || params['scope'] === undefined) continue
        if (!/\b(profile|email|phone|address)\b/.test(params['scope']))
          problems.push('No scope for claims was requested.')
      }
      const told = calls.findLast(({ endpoint }) => endpoint === 'userinfo')?.response.body as
        Record<string, unknown> | undefined
      const outcome = steps.at(-1)?.outcome
      if (outcome?.answer === 'authenticated' && outcome.claims !== undefined && told !== undefined) {
        const lost = ['given_name', 'email_verified', 'phone_number'].filter(
          (claim) => told[claim] !== undefined && outcome.claims![claim] !== told[claim],
        )
        if (lost.length > 0) problems.push(`UserInfo told ${lost.join(', ')}, and the relying party does not know it.`)
      }
      return problems
    },
  }),
  'oidcc-client-test-userinfo-bearer-header': acceptedLogin({
    does: 'Takes the access token at UserInfo in the Authorization header only.',
    expects: 'The token is in the header and nowhere else.',
    clause: 'RFC 6750, section 2.1',
    check: ({ calls }) =>
      calls.some(
        ({ endpoint, headers, params }) =>
          endpoint === 'userinfo' &&
          (!/^bearer /i.test(headers.authorization ?? '') || params['access_token'] !== undefined),
      )
        ? ['UserInfo was asked without the access token in the Authorization header.']
        : [],
  }),
  'oidcc-client-test-userinfo-bearer-body': acceptedLogin({
    does: 'Takes the access token at UserInfo in the body of a POST only.',
    expects: 'The token is in the body and nowhere else.',
    clause: 'RFC 6750, section 2.2',
    needs: ['userinfo_in_body'],
    client: { userinfo_bearer: 'body' },
    check: ({ calls }) =>
      calls.some(
        ({ endpoint, headers, method, params }) =>
          endpoint === 'userinfo' &&
          (method !== 'POST' || headers.authorization !== undefined || params['access_token'] === undefined),
      )
        ? ['UserInfo was asked without the access token in the body.']
        : [],
  }),
  'oidcc-client-test-aggregated-claims': acceptedLogin({
    does: 'Adds address and phone_number of a third party to UserInfo, by value.',
    expects: 'The login completes, whether the claims are unpacked or ignored.',
    clause: core('5.6.2'),
    faults: ['userinfo.aggregated_claims'],
  }),
  'oidcc-client-test-distributed-claims': acceptedLogin({
    does: 'Adds a credit_score of a third party to UserInfo, by reference.',
    expects: 'The claim is fetched with its own token.',
    clause: core('5.6.2'),
    needs: ['distributed_claims'],
    faults: ['userinfo.distributed_claims'],
    required: ['token', 'userinfo', 'claims'],
    check: ({ calls }) =>
      calls.some(({ endpoint, response }) => endpoint === 'claims' && response.status !== 200)
        ? ['The claims were asked for with another token than their own.']
        : [],
  }),
  'oidcc-client-test-mtls-endpoint-aliases': acceptedLogin({
    does: 'Publishes a token endpoint for mutual TLS beside the plain one.',
    expects: 'The alias is used by whoever authenticates with a certificate.',
    clause: 'RFC 8705, section 5',
    needs: ['mtls'],
    faults: ['discovery.mtls_aliases'],
  }),
}
