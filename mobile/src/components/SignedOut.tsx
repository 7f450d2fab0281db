import { usePathname, useRouter } from 'expo-router';

import { strings } from '@/strings';

import { Button } from './Button';
import { Empty } from './States';

/** What stands where one has to be somebody: why, and the way in and back. */
export function SignedOut({ title, body }: { title: string; body?: string }) {
  const goSignIn = useSignIn();
  return (
    <Empty title={title} body={body}>
      <Button label={strings.follows.signIn} onPress={goSignIn} />
    </Empty>
  );
}

/** Lead to the sign-in, and back to where one was. */
export function useSignIn(): () => void {
  const router = useRouter();
  const here = usePathname();
  return () => router.push({ pathname: '/sign-in', params: { next: here } });
}
