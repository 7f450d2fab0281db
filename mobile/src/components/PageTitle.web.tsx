import { useQuery } from '@tanstack/react-query';
import { useNavigationContainerRef } from 'expo-router';
import { useEffect } from 'react';

import { siteOptions } from '@/api/queries/site';
import { strings } from '@/strings';

/** The browser's title: that of the screen in front (its `title` option), then the blog's. Nothing else sets it. */
export function PageTitle() {
  const { data: blog = strings.appName } = useQuery({ ...siteOptions(), select: (site) => site.title });
  const navigation = useNavigationContainerRef();
  useEffect(() => {
    const tell = (): void => {
      const { title = '' } = (navigation.getCurrentOptions() ?? {}) as { title?: string };
      document.title = title === '' || title === blog ? blog : `${title} · ${blog}`;
    };
    tell();
    const stops = [navigation.addListener('options', tell), navigation.addListener('state', tell)];
    return () => stops.forEach((stop) => stop());
  }, [navigation, blog]);
  return null;
}
