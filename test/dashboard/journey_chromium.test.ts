// An operator's day with the page in chromium

import { defineJourney } from '../support/dashboard/journey.ts';

defineJourney('chromium');
