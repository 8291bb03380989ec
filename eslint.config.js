import js from '@eslint/js'
import tseslint from 'typescript-eslint'

/** Why each restriction exists stands in its message, where whoever meets it reads it. */
const pure = {
  'no-restricted-imports': [
    'error',
    {
      patterns: [
        {
          group: ['node:*', 'fastify*', 'keyv*', 'undici'],
          message: 'The core runs everywhere: IO and platform come in through Io and Crypto. (DESIGN, The core)',
        },
        {
          group: ['oauth4webapi'],
          message: 'Only protocol.ts talks to the judge, so that its verdicts become our codes in one place.',
        },
      ],
    },
  ],
  'no-restricted-globals': [
    'error',
    { name: 'fetch', message: 'No IO in the core: return a request effect.' },
    { name: 'setTimeout', message: 'No clock in the core: time arrives as `at`.' },
    { name: 'setInterval', message: 'No clock in the core: time arrives as `at`.' },
  ],
  'no-restricted-properties': [
    'error',
    { object: 'Math', property: 'random', message: 'Randomness is data in events.' },
    { object: 'Date', property: 'now', message: 'No clock in the core: time arrives as `at`.' },
    { object: 'crypto', property: 'getRandomValues', message: 'Randomness is data in events.' },
    { object: 'crypto', property: 'randomUUID', message: 'Randomness is data in events.' },
  ],
}

export default tseslint.config(
  { ignores: ['**/dist/', '**/node_modules/', 'artifacts/', 'data/', 'coverage/'] },
  js.configs.recommended,
  ...tseslint.configs.recommended,
  {
    languageOptions: {
      globals: {
        process: 'readonly',
        URL: 'readonly',
        console: 'readonly',
        Buffer: 'readonly',
        setTimeout: 'readonly',
        fetch: 'readonly',
        performance: 'readonly',
        URLSearchParams: 'readonly',
      },
    },
    rules: {
      // TypeScript already knows every name.
      'no-undef': 'off',
      'no-control-regex': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'TSEnumDeclaration', message: 'Types are erasable: the sources run without a build.' },
        {
          selector: 'Property[key.name="rejectUnauthorized"][value.value=false]',
          message: 'TLS verification is never switched off.',
        },
      ],
    },
  },
  {
    files: ['**/*.ts'],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: false }],
    },
  },
  { files: ['packages/core/src/**/*.ts'], rules: pure },
  {
    files: ['packages/core/src/protocol.ts'],
    rules: { 'no-restricted-imports': 'off', 'no-restricted-properties': 'off' },
  },
  { files: ['packages/core/src/io.ts'], rules: { 'no-restricted-globals': 'off', 'no-restricted-properties': 'off' } },
  { files: ['packages/core/src/node.ts'], rules: { 'no-restricted-imports': 'off' } },
  {
    files: ['packages/mock-idp/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['@relying-party/*', '*core/src*'],
              message: 'The mock must not share our mistakes: it never imports the core.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['packages/server/**/*.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              group: ['oauth4webapi', 'oidc-provider', '*core/src*', '@relying-party/mock-idp'],
              message: 'No protocol logic in the server: it speaks to the core through its public entries.',
            },
          ],
        },
      ],
    },
  },
  {
    files: ['tests/**/*.ts'],
    ignores: ['tests/support/property.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        { paths: [{ name: 'fast-check', message: 'Chance is handed in: tests/support/property.ts holds the seed.' }] },
      ],
    },
  },
)
