/** What whoever starts a login may add to it. */

/** Parameters that the person who starts a login may add. Everything else is ours to set. */
export interface LoginParameters {
  readonly login_hint?: string
  readonly prompt?: string
}

const maximumHintLength = 320
const prompts: readonly string[] = ['none', 'login', 'select_account', 'consent']

/** The hint, if it is one that a provider may be sent. */
export function parseLoginHint(parameters: URLSearchParams): LoginParameters {
  const login_hint = parameters.get('login_hint')
  return login_hint === null || login_hint === '' || login_hint.length > maximumHintLength ? {} : { login_hint }
}

/** Of what stands in a query, only this reaches the provider: a hint, and whether it shall show a page. */
export function parseLoginParameters(parameters: URLSearchParams): LoginParameters {
  const prompt = prompts.find((one) => one === parameters.get('prompt'))
  return { ...parseLoginHint(parameters), ...(prompt && { prompt }) }
}
