/** Every module that is run here, by its name. */
import { discoveryAndKeysRows } from './rows/discovery-and-keys.ts'
import { loginRows } from './rows/login.ts'
import type { Row } from './rows/row.ts'
import { sessionRows } from './rows/session.ts'
import { userinfoRows } from './rows/userinfo.ts'

/** The rows, by the names of their modules. */
export const modules: ReadonlyMap<string, Row> = new Map(
  Object.entries({ ...loginRows, ...userinfoRows, ...discoveryAndKeysRows, ...sessionRows }),
)
