// `swarmgate/client`: what an agent needs: tokens that renew themselves, a fetch that presents them, the bus.

export { createClientAssertion } from '../proof/client_assertion.ts';
export type { ClientAssertionOptions } from '../proof/client_assertion.ts';
export type { AccessToken, AccessTokenSource, TokenRequest } from './access_token.ts';
export { createAuthenticatedFetch } from './authenticated_fetch.ts';
export type { AuthenticatedFetch, AuthenticatedFetchOptions } from './authenticated_fetch.ts';
export { AuthorityError } from './authority_error.ts';
export type { AuthorityErrorCode, AuthorityErrorOptions } from './authority_error.ts';
export type { ClientFetch } from './authority_http.ts';
export { browserKey, forgetBrowserKey } from './browser_key.ts';
export type { BrowserKeyOptions } from './browser_key.ts';
export { createBusClient } from './bus_client.ts';
export type {
  BusCallOptions,
  BusClient,
  MessagesOptions,
  ReceiveOptions,
  RequestOptions,
} from './bus_client_api.ts';
export type { BusClientOptions } from './bus_client_options.ts';
export type { BusSocket, BusSocketClass, SocketEvent, SocketListener } from './socket_class.ts';
export type { MessageParts } from './compose.ts';
export type { Envelope, MessageType } from './envelope.ts';
export type { ReceivedMessage, RefusedMessage } from './inbox.ts';
export { createTokenSource } from './token_source.ts';
export type { TokenSource } from './token_source.ts';
export type { TransportName } from './transports.ts';
export type { TokenSourceOptions } from './token_source_options.ts';
