/** What controllers take: the classes that the pipe builds, and how Fastify was told to treat the route. */
import type { Type } from '@nestjs/common';
import { HEADERS_METADATA, PARAMTYPES_METADATA, PATH_METADATA, ROUTE_ARGS_METADATA } from '@nestjs/common/constants.js';
import { RouteParamtypes } from '@nestjs/common/enums/route-paramtypes.enum.js';
import { ModulesContainer } from '@nestjs/core';
import { FASTIFY_ROUTE_CONFIG_METADATA } from '@nestjs/platform-fastify/constants.js';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyContextConfig } from 'fastify';

export interface Handler {
  controller: string;
  method: string;
  body?: Type<object>;
  query?: Type<object>;
  config: FastifyContextConfig;
  /** The media type that its `@Header('content-type', …)` says; JSON unless given. */
  produces?: string;
}

/** Every method of every controller that takes requests, by `Controller.method`. */
export function readHandlers(app: NestFastifyApplication): Map<string, Handler> {
  const controllers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.controllers.values()]);
  const handlers = controllers.flatMap(({ metatype }) => handlersOf(metatype as Type<object>));
  return new Map(handlers.map((handler) => [`${handler.controller}.${handler.method}`, handler]));
}

function handlersOf(controller: Type<object>): Handler[] {
  const prototype = controller.prototype as Record<string, object>;
  const methods = Object.getOwnPropertyNames(prototype).filter((name) => name !== 'constructor');
  return methods
    .filter((name) => Reflect.hasMetadata(PATH_METADATA, prototype[name] as object))
    .map((name) => handlerOf(controller, name, prototype[name] as object));
}

function handlerOf(controller: Type<object>, method: string, handler: object): Handler {
  return {
    controller: controller.name,
    method,
    body: argumentType(controller, method, RouteParamtypes.BODY),
    query: argumentType(controller, method, RouteParamtypes.QUERY),
    config: (Reflect.getMetadata(FASTIFY_ROUTE_CONFIG_METADATA, handler) ?? {}) as FastifyContextConfig,
    produces: mediaTypeOf(handler),
  };
}

function mediaTypeOf(handler: object): string | undefined {
  const headers = (Reflect.getMetadata(HEADERS_METADATA, handler) ?? []) as { name: string; value: unknown }[];
  const type = headers.find(({ name }) => name.toLowerCase() === 'content-type')?.value;
  return typeof type === 'string' ? type.split(';')[0] : undefined;
}

/** The class of the argument that takes the whole body or query. */
function argumentType(controller: Type<object>, method: string, kind: RouteParamtypes): Type<object> | undefined {
  const prototype = controller.prototype as object;
  const types = Reflect.getMetadata(PARAMTYPES_METADATA, prototype, method) as Type<object>[] | undefined;
  const args = (Reflect.getMetadata(ROUTE_ARGS_METADATA, controller, method) ?? {}) as Record<
    string,
    { index: number }
  >;
  const key = Object.keys(args).find((one) => one.startsWith(`${kind}:`));
  return key === undefined ? undefined : types?.[args[key]?.index ?? -1];
}
