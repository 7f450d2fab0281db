import { queryOptions } from '@tanstack/react-query';

import { KEPT } from '@/state/offline';

import { answerOf, api } from '../client';

export const siteOptions = () =>
  queryOptions({
    queryKey: ['site'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/site', { signal })),
    staleTime: 3600_000,
    meta: KEPT,
  });
