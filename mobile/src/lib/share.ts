/** Share a post's public address: by the device's own sheet, else into the clipboard. */
import { Share } from 'react-native';

import { addressOf, IS_WEB } from '@/api/client';

export async function sharePost(post: { title: string; url: string }): Promise<'shared' | 'copied' | 'neither'> {
  const url = addressOf(post.url);
  try {
    if (!IS_WEB || typeof navigator.share === 'function') {
      await Share.share({ title: post.title, url, message: IS_WEB ? post.title : `${post.title}\n${url}` });
      return 'shared';
    }
    await navigator.clipboard.writeText(url);
    return 'copied';
  } catch {
    return 'neither'; // the person closed the sheet
  }
}
