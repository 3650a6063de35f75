// The endpoints of the operators' page, at the master.
import type { Leader } from '../../model/leading-master.ts';
import { notFound } from '../server/error-responses.ts';
import { redirectTo } from '../server/response.ts';
import type { Endpoint } from '../server/router.ts';
import type { Page } from './page.ts';

export interface PageOptions {
  readonly page: Page | undefined;
  readonly leader: () => Leader;
}

export function pageEndpoints({ page, leader }: PageOptions): Endpoint[] {
  const open = { delegate: false } as const;
  return [
    {
      ...open,
      path: '/',
      exact: true,
      handle: (request) => {
        const leading = leader();
        // Where none leads the page is shown, and waits for one.
        if (leading.kind === 'other') {
          return redirectTo(`//${leading.address}/`);
        }
        // Somewhere the address that the master prints leads in any case.
        return page === undefined ? redirectTo('/help') : page.index(request);
      },
    },
    { ...open, path: '/assets', handle: (request) => page?.asset(request) ?? notFound() },
  ];
}
