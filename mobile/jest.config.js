/** The first test of a fresh checkout waits for Babel to read React Native, hence the long time-out. */
const { transformIgnorePatterns } = require('jest-expo/ios/jest-preset');

// What Babel writes into files, those that it does not read have to find.
process.env.EXPO_OS = 'ios';

module.exports = {
  preset: 'jest-expo/ios',
  setupFiles: ['./jest.setup.ts'],
  testTimeout: 30000,
  testMatch: ['<rootDir>/__tests__/**/*.test.ts?(x)'],
  moduleNameMapper: { '^@/(.*)$': '<rootDir>/src/$1' },
  transformIgnorePatterns: [
    ...transformIgnorePatterns,
    // Packed for Node as they are: 500 files that a cold Babel would read for nothing. Mocks alone are hoisted by it.
    '/node_modules/expo-router/build/(?!testing-library/)',
    '/node_modules/react-native-(svg|screens|safe-area-context)/lib/commonjs/',
  ],
};
