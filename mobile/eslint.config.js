const expo = require('eslint-config-expo/flat');

module.exports = [
  ...expo,
  { ignores: ['dist*/*', 'android/*', 'ios/*', '.expo/*', 'src/api/schema.d.ts'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    rules: {
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      'no-console': 'error',
      eqeqeq: 'error',
    },
  },
  { files: ['jest.setup.ts', '__tests__/**'], languageOptions: { globals: { jest: 'readonly' } } },
];
