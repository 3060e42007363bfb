// An operator's day with the page in webkit

import { defineJourney } from '../support/dashboard/journey.ts';

defineJourney('webkit');
