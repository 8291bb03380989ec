/** Which is the smallest input that shows a mutant does not matter. */
import fc from '../support/property.ts'

fc.configureGlobal({ ...fc.readConfigureGlobal(), endOnFailure: true })
