import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  { ignores: ['dist/', 'coverage/', 'client/', 'collection/', 'deploy/', 'examples/', '.data/', '**/*.mjs'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }], // modules
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': 'off', // `return done(problem)` reads well
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // DTOs are shapes, classes only for their metadata
      '@typescript-eslint/no-inferrable-types': 'off', // decorators see written types only
      '@typescript-eslint/no-misused-spread': 'off', // code points are what we count
      '@typescript-eslint/non-nullable-type-assertion-style': 'off',
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/dot-notation': 'off', // noPropertyAccessFromIndexSignature asks for the brackets
    },
  },
  {
    files: ['**/*.spec.ts', '**/*.e2e-spec.ts', 'test/**/*.ts'],
    rules: {
      '@typescript-eslint/no-unsafe-assignment': 'off', // the body of an answer is what a test says it is
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
  {
    files: ['console/**'],
    rules: {
      '@typescript-eslint/prefer-nullish-coalescing': 'off', // a field that is left empty counts as none
      '@typescript-eslint/no-unnecessary-type-assertion': 'off', // Preact's types want to know which kind of input it is
      '@typescript-eslint/no-base-to-string': 'off', // the console has no files in its forms
      '@typescript-eslint/no-floating-promises': [
        'error',
        {
          allowForKnownSafeCalls: [
            { from: 'package', package: 'node:test', name: ['it', 'describe', 'before', 'after', 'afterEach'] },
          ],
        },
      ],
      '@typescript-eslint/no-unnecessary-condition': 'off', // a browser may lack what its types promise
    },
  },
  prettier,
);
