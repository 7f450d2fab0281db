import AsyncStorage from '@react-native-async-storage/async-storage';

import me from '../../__fixtures__/me.json';

import { persistOptions } from '@/state/offline';
import { become, getSession, identityOf, type Person } from '@/state/session';

const cache = { timestamp: 0, buster: '1', clientState: { queries: [], mutations: [] } };

/** Resolves when the cache of whoever is signed in was written. */
function written(): Promise<void> {
  return new Promise((resolve) => {
    jest.mocked(AsyncStorage.setItem).mockImplementationOnce(async () => resolve());
    void persistOptions(identityOf(getSession())).persister.persistClient(cache);
  });
}

test('what the cache of a person still wanted to write after they signed out is not written', async () => {
  await become(me as Person);
  const { persister } = persistOptions(identityOf(getSession()));
  await written();
  await become(null);
  jest.mocked(AsyncStorage.setItem).mockClear();
  void persister.persistClient(cache); // one write begins at once
  await written();
  const names = jest.mocked(AsyncStorage.setItem).mock.calls.map(([name]) => name);
  expect(names).toEqual([`blogen.cache.${identityOf(getSession())}`]);
});
