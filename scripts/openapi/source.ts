/** What the source says of the classes: comments and return types, which are gone at run time, and decorators. */
import ts from 'typescript';
import { PROBLEM_CODES, type ProblemCode } from '../../src/problems.js';

export interface SourceClass {
  /** The doc comment, in one line. */
  comment: string;
  methods: Map<string, SourceMethod>;
}

export interface SourceMethod {
  comment: string;
  answer: AnswerType;
  /** The names of its decorators, of its class's and of its parameters'. */
  decorators: Set<string>;
  /** The classes that are one thing with a version. */
  versioned: Set<string>;
  /** The codes of problems that its `@throws` names. */
  throws: ProblemCode[];
  /** Where it answers with more than one status: what with which, as its `@answers` says. */
  answers: [status: string, name: string][];
}

/** What a method answers: one of these classes, or a page of them; none for no content. Or one of several such answers. */
export interface AnswerType {
  names: string[];
  isPage: boolean;
  alternatives?: Omit<AnswerType, 'isResource'>[];
  /** Whether it is one thing with a version: its mapper calls `withVersion`. It gets an ETag, and a Location when new. */
  isResource: boolean;
}

/** Reads every class of the program that isn't a library's, by its name. */
export function readClasses(program: ts.Program): Map<string, SourceClass> {
  const classes = new Map<string, SourceClass>();
  const versioned = versionedClasses(program);
  for (const file of program.getSourceFiles()) {
    if (file.isDeclarationFile) continue;
    for (const node of file.statements) {
      if (ts.isClassDeclaration(node) && node.name) classes.set(node.name.text, readClass(node, versioned));
    }
  }
  return classes;
}

function readClass(node: ts.ClassDeclaration, versioned: Set<string>): SourceClass {
  const methods = node.members.filter(ts.isMethodDeclaration);
  return {
    comment: commentOf(node),
    methods: new Map(methods.map((method) => [method.name.getText(), readMethod(method, node, versioned)])),
  };
}

function readMethod(method: ts.MethodDeclaration, owner: ts.ClassDeclaration, versioned: Set<string>): SourceMethod {
  const answer = answerOf(method.type);
  const decorated: ts.HasDecorators[] = [owner, method, ...method.parameters];
  const decorators = decorated.flatMap((node) => ts.getDecorators(node) ?? []);
  return {
    comment: commentOf(method),
    answer: { ...answer, isResource: !answer.isPage && answer.names.some((name) => versioned.has(name)) },
    decorators: new Set(decorators.map(({ expression }) => expression.getText().replace(/\(.*/s, ''))),
    versioned,
    throws: owner.name?.text.endsWith('Controller') ? throwsOf(method) : [],
    answers: answersOf(method),
  };
}

type Answered = Omit<AnswerType, 'isResource'>;

function answerOf(type: ts.TypeNode | undefined): Answered {
  if (!type || type.kind === ts.SyntaxKind.VoidKeyword) return { names: [], isPage: false };
  if (ts.isUnionTypeNode(type)) {
    const alternatives = type.types.map(answerOf);
    const names = alternatives.flatMap((one) => one.names);
    return alternatives.some(({ isPage }) => isPage) ? { names, isPage: true, alternatives } : { names, isPage: false };
  }
  if (!ts.isTypeReferenceNode(type)) return { names: [type.getText()], isPage: false };
  const name = type.typeName.getText();
  const inner = type.typeArguments?.[0];
  if (name === 'Promise') return answerOf(inner);
  return name === 'Page' ? { names: answerOf(inner).names, isPage: true } : { names: [name], isPage: false };
}

/** The classes that a function with `withVersion` in it returns, and those that extend them. */
function versionedClasses(program: ts.Program): Set<string> {
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const texts = files.map((file) => file.text);
  const returned = texts.flatMap((text) =>
    [...text.matchAll(/\): (\w+Dto) (?:\{|=>)((?:(?!\n\}|\n\n)[^])*)/g)].flatMap(([, name = '', body = '']) =>
      body.includes('withVersion(') ? [name] : [],
    ),
  );
  const versioned = new Set(returned);
  for (const text of texts) {
    for (const [, name = '', base = ''] of text.matchAll(/class (\w+Dto) extends (\w+Dto)/g)) {
      if (versioned.has(base)) versioned.add(name);
    }
  }
  return versioned;
}

/** `@throws email_taken, username_taken`. @throws Error on what is no code */
function throwsOf(method: ts.MethodDeclaration): ProblemCode[] {
  const tags = ts.getJSDocTags(method).filter((tag) => tag.tagName.text === 'throws');
  const codes = tags.flatMap((tag) => (ts.getTextOfJSDocComment(tag.comment) ?? '').match(/\w+/g) ?? []);
  const unknown = codes.filter((code) => !PROBLEM_CODES.includes(code as ProblemCode));
  if (unknown.length) throw new Error(`@throws of ${method.name.getText()}: there is no problem ${unknown.join(', ')}`);
  return codes as ProblemCode[];
}

/** `@answers 201 UserDto, 202 AcceptedDto`. */
function answersOf(method: ts.MethodDeclaration): [string, string][] {
  const tags = ts.getJSDocTags(method).filter((tag) => tag.tagName.text === 'answers');
  const pairs = tags.flatMap((tag) => [...(ts.getTextOfJSDocComment(tag.comment) ?? '').matchAll(/(\d{3}) (\w+)/g)]);
  return pairs.map(([, status = '', name = '']) => [status, name]);
}

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}
