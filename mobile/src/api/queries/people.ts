import { infiniteQueryOptions, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query';

import { KEPT } from '@/state/offline';
import { become, type Person } from '@/state/session';

import { answerOf, api, exchange, wholeAnswerOf, type Schema } from '../client';
import { byCursor } from './cache';

export const meOptions = () =>
  queryOptions({
    queryKey: ['me'] as const,
    queryFn: ({ signal }) => wholeAnswerOf(api.GET('/api/v1/me', { signal })),
    meta: KEPT,
  });

export const devicesOptions = () =>
  queryOptions({
    queryKey: ['devices'] as const,
    queryFn: ({ signal }) => answerOf(api.GET('/api/v1/auth/devices', { signal })),
  });

export const aversionsOptions = () =>
  infiniteQueryOptions({
    queryKey: ['aversions'] as const,
    queryFn: ({ pageParam, signal }) =>
      answerOf(api.GET('/api/v1/me/aversions', { params: { query: { cursor: pageParam } }, signal })),
    ...byCursor,
  });

export function useChangeMe() {
  const takeMe = useTakeMe();
  return useMutation({
    mutationFn: ({ change, etag }: { change: Schema['ProfileChange']; etag: string | null }) =>
      answerOf(api.PATCH('/api/v1/me', { params: { header: { 'If-Match': etag ?? '*' } }, body: change })),
    onSuccess: takeMe,
  });
}

/** A new picture, or none (null). */
export function useChangeAvatar() {
  const takeMe = useTakeMe();
  return useMutation({
    mutationFn: async (picture: Blob | null): Promise<Person> => {
      if (picture === null) return answerOf(api.DELETE('/api/v1/me/avatar'));
      const headers = { 'Content-Type': picture.type };
      const answer = await exchange('/api/v1/me/avatar', { method: 'PUT', headers, body: picture });
      return (await answer.json()) as Person;
    },
    onSuccess: takeMe,
  });
}

export function useEndDevice() {
  const client = useQueryClient();
  return useMutation({
    /** One device, or (null) all but this one. */
    mutationFn: (id: string | null) =>
      id === null
        ? answerOf(api.DELETE('/api/v1/auth/devices'))
        : answerOf(api.DELETE('/api/v1/auth/devices/{id}', { params: { path: { id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: ['devices'] }),
  });
}

export function usePairCode() {
  return useMutation({ mutationFn: () => answerOf(api.POST('/api/v1/auth/pair/code')) });
}

export function useChangePassword() {
  return useMutation({
    mutationFn: (body: Schema['PasswordChange']) => answerOf(api.POST('/api/v1/auth/password', { body })),
  });
}

/** Delete the account for good; call `signOut` after it. */
export function useDeleteMe() {
  return useMutation({
    mutationFn: (password: string) => answerOf(api.DELETE('/api/v1/me', { body: { password } })),
  });
}

export function useAversion(handle: string, kind: 'block' | 'mute') {
  const client = useQueryClient();
  const params = { path: { handle } };
  return useMutation({
    mutationFn: async (on: boolean): Promise<void> => {
      if (kind === 'block') {
        await answerOf(on ? api.PUT('/api/v1/people/{handle}/block', { params }) : api.DELETE('/api/v1/people/{handle}/block', { params }));
      } else {
        await answerOf(on ? api.PUT('/api/v1/people/{handle}/mute', { params }) : api.DELETE('/api/v1/people/{handle}/mute', { params }));
      }
    },
    onSuccess: () => {
      for (const key of ['aversions', 'comments', 'notifications']) void client.invalidateQueries({ queryKey: [key] });
    },
  });
}

/** All that is kept of a person, to save as a file. */
export const exportMe = (): Promise<unknown> => answerOf(api.GET('/api/v1/me/export'));

function useTakeMe(): (me: Person) => Promise<void> {
  const client = useQueryClient();
  return async (me) => {
    await become(me);
    await client.invalidateQueries({ queryKey: ['me'] });
  };
}
