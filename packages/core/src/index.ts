export * from './http.ts'
export * from './store.ts'
export * from './failures.ts'
export { webCrypto, type Crypto, type Jwk, type SignatureAlgorithm } from './crypto.ts'
