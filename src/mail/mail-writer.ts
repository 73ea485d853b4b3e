import { Injectable } from '@nestjs/common';
import { MailSettings } from '../config/mail-settings.js';
import type { ClaimedJob } from '../outbox/channel.js';
import { AppUrl } from './app-url.js';
import { inert } from './inert.js';
import { isMailKind, kindOptions, type MailWords } from './kinds.js';
import { MailLinks, spaced } from './links.js';
import { type Catalogues, languageOf, loadCatalogues } from './locales/catalogues.js';
import { render, type RenderedMail } from './page.js';
import type { MailContext } from './templates/mail.js';
import { TEMPLATES } from './templates/templates.js';
import { Translator } from './translator.js';

/** A rendered mail, with the secrets in it, which must not be stored or logged. */
export interface WrittenMail extends RenderedMail {
  to: string;
  language: string;
  link: string | undefined;
  /** Six digits. */
  code: string | undefined;
}

/** Renders mails: computes link and code of a job, in the language of the recipient. */
@Injectable()
export class MailWriter {
  private readonly catalogues: Catalogues;

  /** @throws SettingsError when MAIL_TEMPLATES_DIR or DEFAULT_LOCALE are invalid */
  constructor(
    private readonly settings: MailSettings,
    private readonly links: MailLinks,
    private readonly appUrl: AppUrl,
  ) {
    this.catalogues = loadCatalogues(settings.templatesDir, settings.defaultLocale);
  }

  /** The first of these language tags that mails are available in; else the default one. */
  localeFor(...tags: (string | undefined | null)[]): string {
    const found = languageOf(
      tags.map((tag) => tag ?? undefined),
      this.catalogues,
    );
    return found?.tag ?? this.settings.defaultLocale;
  }

  /** Renders the mail of a job. @throws TypeError for an unknown kind */
  write(job: Pick<ClaimedJob, 'kind' | 'recipient' | 'challengeId' | 'data' | 'createdAt' | 'expiresAt'>): WrittenMail {
    const { kind, recipient, challengeId, createdAt, expiresAt } = job;
    if (!isMailKind(kind) || !recipient) throw new TypeError(`There is no mail "${kind}".`);
    const words = job.data as MailWords;
    const say = this.translator(words.locale);
    const { link: purpose, code: hasCode } = kindOptions(kind);
    const code = challengeId && hasCode ? this.links.code(challengeId) : undefined;
    const context: MailContext = {
      words,
      say,
      app: this.settings.appName,
      email: recipient,
      username: words.username ? inert(words.username) : recipient,
      at: createdAt,
      link: challengeId && purpose ? this.links.url(purpose, challengeId) : undefined,
      code: code && spaced(code),
      until: expiresAt ? say.moment(expiresAt) : '',
      page: (path) => this.appUrl.page(path),
    };
    const rendered = render(TEMPLATES[kind](context), context);
    return { ...rendered, to: recipient, language: say.language, link: context.link, code };
  }

  private translator(locale: string | undefined): Translator {
    const tag = this.localeFor(locale);
    const language = languageOf([tag], this.catalogues)?.catalogue ?? tag;
    const catalogue = this.catalogues.get(language);
    if (!catalogue) throw new TypeError(`There are no mails in "${language}".`);
    return new Translator(catalogue, language, tag);
  }
}
