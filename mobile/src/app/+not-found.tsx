import { Stack, useRouter } from 'expo-router';

import { Button } from '@/components/Button';
import { Screen } from '@/components/Screen';
import { Empty } from '@/components/States';
import { strings } from '@/strings';

export default function NotFound() {
  const router = useRouter();
  const words = strings.notFound;
  return (
    <>
      <Stack.Screen options={{ headerShown: false, title: words.title }} />
      <Screen title={words.title}>
        <Empty title={words.heading} body={words.body}>
          <Button label={words.go} onPress={() => router.replace('/')} />
        </Empty>
      </Screen>
    </>
  );
}
