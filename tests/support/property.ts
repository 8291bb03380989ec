/**
 * fast-check with one seed for everybody: what passed here passes there. `FC_SEED` looks elsewhere, and `FC_RUNS` longer
 * in the property that has the most to find; a counterexample becomes a row of its own.
 */
import fc from 'fast-check'

fc.configureGlobal({ ...fc.readConfigureGlobal(), seed: Number(process.env.FC_SEED ?? 1) })

export default fc
