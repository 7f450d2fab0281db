/** Pictures of posts that are kept on this device. On a phone: the disk cache that `Cover` reads, too. */
import { Image } from 'expo-image';

export async function keepCover(url: string): Promise<void> {
  await Image.prefetch(url, 'disk');
}

export async function dropCover(_url: string): Promise<void> {}
