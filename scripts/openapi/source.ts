/** What the source says of the classes: comments and return types, which are gone at run time, and decorators. */
import ts from 'typescript';

export interface SourceClass {
  /** The doc comment, in one line. */
  comment: string;
  /** Whether it is one thing with a version, as `@versioned` says: its mapper calls `withVersion`. */
  isVersioned: boolean;
  /** The bodies worth showing, as `@bodies` names their members: `email, password | username=ada, password`. */
  bodies: string[];
  methods: Map<string, SourceMethod>;
}

export interface SourceMethod {
  comment: string;
  /** Its decorators, its class's and its parameters', with the words that they are given. */
  decorators: Map<string, string[]>;
  /** The codes of problems that its `@throws` names. */
  throws: string[];
  /** What it answers, by status; by none with the status that its decorators say. */
  answers: [status: string | undefined, answer: Answer][];
}

/** A class or `void` by its name, a page of something, or one of several. */
export type Answer = string | { page: Answer } | { anyOf: Answer[] };

/** The names in an answer. */
export function namesIn(answer: Answer): string[] {
  if (typeof answer === 'string') return [answer];
  return 'page' in answer ? namesIn(answer.page) : answer.anyOf.flatMap(namesIn);
}

/** Whether it is a page of something, or one of several pages. */
export const isPage = (answer: Answer): boolean =>
  typeof answer !== 'string' && ('page' in answer || answer.anyOf.some(isPage));

/** Reads every class of the program that isn't a library's, by its name. */
export function readClasses(program: ts.Program): Map<string, SourceClass> {
  const files = program.getSourceFiles().filter((file) => !file.isDeclarationFile);
  const classes = files.flatMap(({ statements }) => statements.filter(ts.isClassDeclaration));
  return new Map(classes.map((node) => [node.name?.text ?? '', readClass(node)]));
}

function readClass(node: ts.ClassDeclaration): SourceClass {
  const methods = node.members.filter(ts.isMethodDeclaration);
  return {
    comment: commentOf(node),
    isVersioned: ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'versioned'),
    bodies: tagText(node, 'bodies').match(/[^|]+/g) ?? [],
    methods: new Map(methods.map((method) => [method.name.getText(), readMethod(method, node)])),
  };
}

function readMethod(method: ts.MethodDeclaration, owner: ts.ClassDeclaration): SourceMethod {
  const decorators = new Map<string, string[]>();
  for (const { expression } of [owner, method, ...method.parameters].flatMap((node) => ts.getDecorators(node) ?? [])) {
    if (!ts.isCallExpression(expression)) continue;
    const name = expression.expression.getText();
    decorators.set(name, [...(decorators.get(name) ?? []), ...expression.arguments.flatMap(wordsOf)]);
  }
  const answers = [...tagText(method, 'answers').matchAll(/(\d{3}) (\w+)/g)];
  return {
    comment: commentOf(method),
    decorators,
    throws: tagText(method, 'throws').match(/\w+/g) ?? [],
    answers: answers.length
      ? answers.map(([, status, name = '']) => [status, name])
      : [[undefined, answerOf(method.type)]],
  };
}

/** A text, or the names of an object's members. */
function wordsOf(argument: ts.Expression): string[] {
  if (ts.isObjectLiteralExpression(argument)) return argument.properties.map(({ name }) => name?.getText() ?? '');
  return ts.isStringLiteral(argument) ? [argument.text] : [];
}

function answerOf(type: ts.TypeNode | undefined): Answer {
  if (!type) return 'void';
  if (ts.isUnionTypeNode(type)) return { anyOf: type.types.map(answerOf) };
  if (!ts.isTypeReferenceNode(type)) return type.getText();
  const name = type.typeName.getText();
  if (name !== 'Promise' && name !== 'Page') return name;
  const inner = answerOf(type.typeArguments?.[0]);
  return name === 'Page' ? { page: inner } : inner;
}

/** `@throws email_taken, username_taken` → `email_taken, username_taken`. */
function tagText(node: ts.Node, name: string): string {
  const tags = ts.getJSDocTags(node).filter(({ tagName }) => tagName.text === name);
  return tags.map(({ comment }) => ts.getTextOfJSDocComment(comment) ?? '').join(', ');
}

function commentOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc).slice(-1);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}
