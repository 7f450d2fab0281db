import { PersistQueryClientProvider } from '@tanstack/react-query-persist-client';
import { DarkTheme, DefaultTheme, Stack, ThemeProvider } from 'expo-router';
import { StatusBar } from 'expo-status-bar';
import { useEffect, useState, type ReactNode } from 'react';
import { AppState } from 'react-native';
import { SafeAreaProvider } from 'react-native-safe-area-context';

import { Loading } from '@/components/States';
import { Toast } from '@/components/Toast';
import { makeQueryClient, persistOptions, startOffline } from '@/state/offline';
import { startOutbox } from '@/state/outbox';
import { loadPlaces, writePlaces } from '@/state/place';
import { loadPrefs } from '@/state/prefs';
import { checkPerson, identityOf, startSession, useSession } from '@/state/session';
import { strings } from '@/strings';
import { useTheme } from '@/theme';

/** Read from the disk first, show, and only then ask the network. */
export default function RootLayout() {
  const session = useSession();
  const isRead = useStart();
  const identity = identityOf(session);
  return (
    <SafeAreaProvider>
      <Themed>
        {isRead ? (
          <Cached key={identity} identity={identity}>
            <Screens isConnected={session.phase === 'ready'} />
          </Cached>
        ) : (
          <Loading />
        )}
        <Toast />
      </Themed>
    </SafeAreaProvider>
  );
}

function Screens({ isConnected }: { isConnected: boolean }) {
  const { colours } = useTheme();
  return (
    <Stack
      screenOptions={{
        headerStyle: { backgroundColor: colours.ground },
        headerTintColor: colours.ink,
        headerShadowVisible: false,
        headerBackTitle: strings.back,
        contentStyle: { backgroundColor: colours.ground },
      }}
    >
      <Stack.Protected guard={isConnected}>
        <Stack.Screen name="(tabs)" options={{ headerShown: false, title: strings.appName }} />
        <Stack.Screen name="post/[slug]" options={{ title: '' }} />
      </Stack.Protected>
      <Stack.Protected guard={!isConnected}>
        <Stack.Screen name="connect" options={{ headerShown: false, title: strings.connect.title }} />
      </Stack.Protected>
    </Stack>
  );
}

/** One cache for each identity: another person begins with an empty one. */
function Cached({ identity, children }: { identity: string; children: ReactNode }) {
  const [client] = useState(makeQueryClient);
  const [options] = useState(() => persistOptions(identity));
  return (
    <PersistQueryClientProvider client={client} persistOptions={options}>
      {children}
    </PersistQueryClientProvider>
  );
}

/** The router's own parts (headers, grounds) in our colours. */
function Themed({ children }: { children: ReactNode }) {
  const { isDark, colours } = useTheme();
  const base = isDark ? DarkTheme : DefaultTheme;
  const { accent: primary, ground: background, surface: card, ink: text, line: border } = colours;
  return (
    <ThemeProvider value={{ ...base, colors: { ...base.colors, primary, background, card, text, border } }}>
      <StatusBar style={isDark ? 'light' : 'dark'} />
      {children}
    </ThemeProvider>
  );
}

function useStart(): boolean {
  const [isRead, setRead] = useState(false);
  useEffect(() => {
    let hasEnded = false;
    const stops: (() => void)[] = [startOffline()];
    const start = async (): Promise<void> => {
      await Promise.all([loadPrefs(), loadPlaces(), startSession()]);
      const stopOutbox = await startOutbox();
      if (hasEnded) return stopOutbox();
      stops.push(stopOutbox);
      setRead(true);
      await checkPerson().catch(() => {}); // the screens say what is wrong with the network
    };
    void start();
    const active = AppState.addEventListener('change', (state) => void (state !== 'active' && writePlaces()));
    return () => {
      hasEnded = true;
      active.remove();
      for (const stop of stops) stop();
    };
  }, []);
  return isRead;
}
