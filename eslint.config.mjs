import js from '@eslint/js';
import tseslint from 'typescript-eslint';

const clockAndRandom = [
  { object: 'Date', property: 'now', message: 'Time comes in as a value (nowMs).' },
  { object: 'Math', property: 'random', message: 'Randomness comes in as a value.' },
];

export default tseslint.config(
  {
    ignores: ['dist/', 'coverage/', 'node_modules/', '.logferry/', 'src/sinks/postgres/generated/'],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': ['error', { prefer: 'type-imports' }],
      '@typescript-eslint/restrict-template-expressions': [
        'error',
        { allowNumber: true, allowBoolean: true },
      ],
      // Ports are satisfied by async functions that have nothing to await (the memory sink).
      '@typescript-eslint/require-await': 'off',
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'no-console': 'error',
    },
  },
  {
    files: ['src/**/*.ts', 'workers/**/*.ts'],
    ignores: ['src/cli/**'],
    rules: {
      'no-restricted-globals': [
        'error',
        {
          name: 'process',
          message: 'process belongs to workers/, src/cli/, tests and root configs.',
        },
      ],
    },
  },
  { files: ['workers/**/*.ts'], rules: { 'no-restricted-globals': 'off' } },
  {
    files: ['src/domain/**/*.ts', 'src/sources/**/*.ts'],
    rules: {
      'no-restricted-properties': ['error', ...clockAndRandom],
      'no-restricted-syntax': [
        'error',
        {
          selector: "NewExpression[callee.name='Date'][arguments.length=0]",
          message: 'Time comes in as a value (nowMs).',
        },
      ],
    },
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: { '@typescript-eslint/no-non-null-assertion': 'off' },
  },
  {
    files: ['**/*.mjs', '**/*.cjs'],
    languageOptions: {
      globals: {
        process: 'readonly',
        console: 'readonly',
        URL: 'readonly',
        setTimeout: 'readonly',
        clearTimeout: 'readonly',
        Buffer: 'readonly',
        performance: 'readonly',
        AbortController: 'readonly',
        Date: 'readonly',
      },
    },
  },
);
