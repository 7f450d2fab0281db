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
    const tell = ({ title = '' }: { title?: string }): void => {
      document.title = title === '' || title === blog ? blog : `${title} · ${blog}`;
    };
    const look = (): void => tell(navigation.getCurrentOptions() ?? {});
    look();
    // A screen that has just come tells its options before it can be asked for them.
    const stops = [navigation.addListener('options', ({ data }) => tell(data.options)), navigation.addListener('state', look)];
    return () => stops.forEach((stop) => stop());
  }, [navigation, blog]);
  return null;
}
