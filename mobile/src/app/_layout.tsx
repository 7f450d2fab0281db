import { IsRestoringProvider, QueryClientProvider } from '@tanstack/react-query';
import { persistQueryClient } from '@tanstack/react-query-persist-client';
import { DarkTheme, DefaultTheme, router, Stack, ThemeProvider, usePathname, useRouter, type ErrorBoundaryProps } from 'expo-router';
import { StatusBar } from 'expo-status-bar';
import { Fragment, useEffect, useMemo, useState, type ReactNode } from 'react';
import { AppState } from 'react-native';
import { SafeAreaProvider } from 'react-native-safe-area-context';

import { Button } from '@/components/Button';
import { IconButton } from '@/components/IconButton';
import { NewVersion } from '@/components/NewVersion';
import { PageTitle } from '@/components/PageTitle';
import { Screen } from '@/components/Screen';
import { Empty, Loading } from '@/components/States';
import { Toast } from '@/components/Toast';
import { startFarewell } from '@/state/farewell';
import { endFirst } from '@/state/first';
import { makeQueryClient, persistOptions, startOffline } from '@/state/offline';
import { startOutbox } from '@/state/outbox';
import { loadPlaces, writePlaces } from '@/state/place';
import { loadPrefs } from '@/state/prefs';
import { checkPerson, identityOf, startSession, useSession } from '@/state/session';
import { startWorker } from '@/state/worker';
import { strings } from '@/strings';
import { useTheme } from '@/theme';

/** What stands where a screen could not be drawn, or its code not be loaded. */
export function ErrorBoundary({ retry }: ErrorBoundaryProps) {
  useEffect(endFirst, []);
  return (
    <SafeAreaProvider>
      <Screen title={strings.appName}>
        <Empty title={strings.broken.title} body={strings.broken.body}>
          <Button label={strings.retry} onPress={() => void retry()} />
        </Empty>
      </Screen>
    </SafeAreaProvider>
  );
}

/** Read from the disk first, show, and only then ask the network. */
export default function RootLayout() {
  const session = useSession();
  const isRead = useStart();
  const identity = identityOf(session);
  return (
    <SafeAreaProvider>
      <Themed>
        {isRead ? (
          <Cached identity={identity}>
            <Screens identity={identity} isConnected={session.phase === 'ready'} />
            <PageTitle />
          </Cached>
        ) : (
          <Loading />
        )}
        <NewVersion />
        <Toast />
      </Themed>
    </SafeAreaProvider>
  );
}

/** The tabs begin anew each by itself; the ways in have to lead on from where they stand. */
const STAYS: ReadonlySet<string> = new Set(['(tabs)', 'sign-in', 'register', 'pair', 'connect']);

function Screens({ identity, isConnected }: { identity: string; isConnected: boolean }) {
  const theme = useTheme();
  const { colours } = theme;
  const router = useRouter();
  const path = usePathname();
  // A link from outside can lead anywhere: without a blog there is only one place to be.
  const isLost = !isConnected && path !== '/connect';
  useEffect(() => {
    if (isLost) router.replace('/connect');
  }, [isLost, router]);
  // What was drawn before the app was there is the feed's.
  useEffect(() => {
    if (path !== '/') endFirst();
  }, [path]);
  return (
    <Stack
      screenLayout={({ route, children }) => <Fragment key={STAYS.has(route.name) ? 'stays' : identity}>{children}</Fragment>}
      screenOptions={({ navigation }) => ({
        // Opened by a link, a screen has nothing behind it: the arrow then leads to the feed.
        ...(navigation.canGoBack() ? null : { headerLeft: () => <IconButton icon="back" label={strings.notFound.go} onPress={() => router.replace('/')} /> }),
        headerStyle: { backgroundColor: colours.ground },
        headerTintColor: colours.ink,
        headerTitleStyle: { ...theme.text('heading'), color: colours.ink },
        headerShadowVisible: false,
        headerBackTitle: strings.back,
        headerBackButtonDisplayMode: 'minimal',
        contentStyle: { backgroundColor: colours.ground },
      })}
    >
      <Stack.Protected guard={isConnected}>
        <Stack.Screen name="(tabs)" options={{ headerShown: false, title: strings.appName }} />
        <Stack.Screen name="post/[slug]" options={{ title: '' }} />
      </Stack.Protected>
      <Stack.Screen name="connect" options={{ headerShown: false, title: strings.connect.title }} />
    </Stack>
  );
}

/**
 * One cache for each identity: another person begins with an empty one. Only the screens' contents begin anew with it
 * (see `screenLayout`), not the navigators: those would forget where one came from.
 */
function Cached({ identity, children }: { identity: string; children: ReactNode }) {
  const cache = useMemo(() => ({ client: makeQueryClient(), options: persistOptions(identity) }), [identity]);
  const [restored, setRestored] = useState<object | null>(null);
  useEffect(() => {
    let hasLeft = false;
    const [stop, restoring] = persistQueryClient({ ...cache.options, queryClient: cache.client });
    void restoring.finally(() => !hasLeft && setRestored(cache));
    return () => {
      hasLeft = true;
      stop();
    };
  }, [cache]);
  return (
    <QueryClientProvider client={cache.client}>
      <IsRestoringProvider value={restored !== cache}>{children}</IsRestoringProvider>
    </QueryClientProvider>
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
    const stops: (() => void)[] = [startOffline(), startFarewell(), startWorker((path) => router.push(path as '/'))];
    const start = async (): Promise<void> => {
      await Promise.all([loadPrefs(), loadPlaces(), startSession()]);
      const opening = startOutbox(); // acts are taken from now on; the screens need not wait for what it held
      if (!hasEnded) setRead(true);
      const stopOutbox = await opening;
      if (hasEnded) return stopOutbox();
      stops.push(stopOutbox);
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
