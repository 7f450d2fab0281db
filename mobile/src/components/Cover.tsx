import { Image } from 'expo-image';

import { addressOf, type Schema } from '@/api/client';
import { usePrefs } from '@/state/prefs';
import { radius, useTheme } from '@/theme';

/** A post's picture at its own proportions; with the data saver on only if it was asked for. */
export function Cover({ picture, asked = false }: { picture: Schema['PictureView']; asked?: boolean }) {
  const { colours } = useTheme();
  const { dataSaver } = usePrefs();
  if (dataSaver && !asked) return null;
  return (
    <Image
      source={variantsOf(picture)}
      placeholder={picture.placeholder === '' ? null : { uri: picture.placeholder }}
      placeholderContentFit="cover"
      contentFit="cover"
      // expo-image takes the alternative text of the web's <img> from here, not from `alt`.
      accessibilityLabel={picture.alt}
      style={{ width: '100%', aspectRatio: picture.width / picture.height, borderRadius: radius.m, backgroundColor: colours.sunken }}
    />
  );
}

/** The sizes of a `srcset`, of which expo-image chooses the one that fits. */
function variantsOf(picture: Schema['PictureView']): { uri: string; width: number; height: number }[] {
  const { width, height, url, srcset } = picture;
  const variants = srcset.split(',').flatMap((part) => {
    const [address, size] = part.trim().split(/\s+/);
    const wide = parseInt(size ?? '', 10);
    if (address === undefined || address === '' || !(wide > 0)) return [];
    return [{ uri: addressOf(address), width: wide, height: Math.round((wide * height) / width) }];
  });
  return variants.length > 0 ? variants : [{ uri: addressOf(url), width, height }];
}
