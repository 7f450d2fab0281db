import { Redirect, useLocalSearchParams } from 'expo-router';

/** The blog's own address of a post, opened in the app. */
export default function ToPost() {
  const { slug } = useLocalSearchParams<{ slug: string }>();
  return <Redirect href={{ pathname: '/post/[slug]', params: { slug } }} />;
}
