import me from '../../__fixtures__/me.json';

import type { Person } from '@/state/session';

export const author = { ...me, role: 'author' } as Person;
export const reader = { ...me, role: 'reader' } as Person;
