import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: [
      'node_modules/',
      'talk.mjs',
      'cdk.out/',
      'clients/javascript/dist/',
      'clients/javascript/dist-*/',
      'cli/dist/',
      'console/dist/',
      'test/client/consumer/',
      'coverage/',
      '.local/',
    ],
  },
  js.configs.recommended,
  {
    files: ['**/*.ts', '**/*.tsx'],
    extends: [...tseslint.configs.strictTypeChecked, ...tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/switch-exhaustiveness-check': [
        'error',
        { considerDefaultExhaustiveForUnions: true },
      ],
      // Guards at the border read better as early returns with a message of their own.
      '@typescript-eslint/no-unnecessary-condition': [
        'error',
        { allowConstantLoopConditions: 'only-allowed-literals' },
      ],
      eqeqeq: 'error',
      'no-console': 'error',
    },
  },
  {
    // The drop-in class writes to the console, as the original did; the client does when nobody listens for its events.
    files: [
      'bin/**/*.ts',
      'bench/**/*.ts',
      'test/**/*.ts',
      'clients/javascript/original.ts',
      'clients/javascript/shared/emitter.ts',
    ],
    rules: { 'no-console': 'off' },
  },
  {
    // What a reader takes in at one look.
    files: ['**/*.ts', '**/*.tsx'],
    ignores: ['test/**', 'bench/**', 'examples/**'],
    rules: {
      'max-lines': ['error', 300],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  {
    files: ['**/*.cjs', '**/*.mjs'],
    languageOptions: {
      globals: {
        module: 'writable',
        process: 'readonly',
        require: 'readonly',
        console: 'readonly',
        URL: 'readonly',
      },
    },
  },
);
