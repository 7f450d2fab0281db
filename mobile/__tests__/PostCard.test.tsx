import { fireEvent, screen } from '@testing-library/react-native';
import { renderRouter } from 'expo-router/testing-library';
import { Text } from 'react-native';

import feed from '../__fixtures__/feed.json';

import type { PostCardItem } from '@/api/queries/cache';
import { PostCard } from '@/components/PostCard';
import { strings } from '@/strings';

const [item] = feed.items as unknown as PostCardItem[];
const post = item as PostCardItem;

function show(change: Partial<PostCardItem> = {}): ReturnType<typeof renderRouter> {
  return renderRouter({
    index: () => <PostCard post={{ ...post, ...change }} />,
    'post/[slug]': () => <Text>the post</Text>,
  });
}

test('a card says what the post is, who wrote it and how, and leads to it', () => {
  const router = show();
  expect(screen.getByText(post.title)).toBeTruthy();
  expect(screen.getByText(post.summary)).toBeTruthy();
  expect(screen.getByText(new RegExp(`${post.author.name} · .*${strings.post.minutes(post.reading_minutes)}`))).toBeTruthy();
  expect(screen.getByText(strings.post.disclosure['ai-autonomous'])).toBeTruthy();
  expect(screen.getByLabelText(post.cover?.alt ?? '')).toBeTruthy();
  fireEvent.press(screen.getByRole('link'));
  expect(router.getPathname()).toBe(`/post/${post.slug}`);
});

test('marks stand only where somebody did something', () => {
  const nobody = { liked: false, bookmarked: false, progress: 0 };
  show({ counts: { likes: 0, comments: 0 }, viewer: nobody });
  expect(screen.queryByText(/like|comment|saved|%/i)).toBeNull();
  screen.unmount();
  show({ counts: { likes: 2, comments: 1 }, viewer: { liked: false, bookmarked: true, progress: 0.5 } });
  for (const words of [strings.post.likes(2), strings.post.comments(1), strings.reading.saved, strings.reading.read(50)]) {
    expect(screen.getByText(words)).toBeTruthy();
  }
});
