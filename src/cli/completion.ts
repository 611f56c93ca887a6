// Completion for shells, made from the commands themselves, so that it cannot lag behind them.

import { Argument, type Command, type Option } from "commander";
import { EXIT } from "./exit.ts";
import type { AddCommand } from "./prompt.ts";
import { collected } from "./values.ts";

const HELP = `
Examples:
  $ eval "$(agora-tokend completion bash)"
  $ agora-tokend completion zsh > ~/.zfunc/_agora-tokend   # a folder in fpath

Exit codes:
  0   printed
  64  wrong use`;

const SHELLS: Readonly<Record<string, (tokend: Command) => string>> = { bash: bashCompletion, zsh: zshCompletion };

/** `completion`: prints what makes a shell complete the command line. */
export const addCompletion: AddCommand = (tokend, { around, end }) => {
  tokend
    .command("completion")
    .description("print what makes a shell complete this program's command line")
    .addArgument(new Argument("<shell>", "the shell").choices(Object.keys(SHELLS)))
    .addHelpText("after", HELP)
    .action((shell: string) => {
      around.out(SHELLS[shell]?.(tokend) ?? "");
      end(EXIT.OK);
    });
};

/** A command, and the words that lead to it: `audit verify`. */
interface Named {
  readonly path: string;
  readonly command: Command;
}

function allCommands(parent: Command, before = ""): Named[] {
  return parent.commands.flatMap((command) => {
    const path = before === "" ? command.name() : `${before} ${command.name()}`;
    return [{ path, command }, ...allCommands(command, path)];
  });
}

function bashCompletion(tokend: Command): string {
  const name = tokend.name();
  const commands = allCommands(tokend);
  const values = commands.flatMap((named) =>
    named.command.options
      .filter(takesValue)
      .map((option) => `    ${bashPattern(named, option)}) ${bashValues(option)}; return ;;`),
  );
  const words = commands.map(
    ({ path, command }) => `    ${quote(path)}) words=${quote(wordsOf(command).join(" "))} ;;`,
  );
  const paths = commands.map(({ path }) => quote(path.includes(" ") ? path : ` ${path}`));
  return [
    `# bash completion of ${name}`,
    "_agora_tokend() {",
    '  local current=$2 before=$3 command="" word words',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the shell that expands it
    '  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do',
    `    case "$command $word" in ${paths.join("|")}) command="\${command:+$command }$word" ;; esac`,
    "  done",
    '  case "$command $before" in',
    ...values,
    "  esac",
    "  case $command in",
    ...words,
    `    *) words=${quote(wordsOf(tokend).join(" "))} ;;`,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    `complete -o default -F _agora_tokend ${name}`,
  ].join("\n");
}

function bashPattern({ path }: Named, option: Option): string {
  return spellingsOf(option)
    .map((spelling) => quote(`${path} ${spelling}`))
    .join("|");
}

function bashValues(option: Option): string {
  if (option.argChoices) return `COMPREPLY=($(compgen -W ${quote(option.argChoices.join(" "))} -- "$current"))`;
  return takesFile(option) ? 'COMPREPLY=($(compgen -f -- "$current"))' : "COMPREPLY=()";
}

function zshCompletion(tokend: Command): string {
  const name = tokend.name();
  return [
    `#compdef ${name}`,
    "_agora_tokend() {",
    "  local -a commands",
    "  local command",
    ...zshLevel(tokend).map((line) => `  ${line}`),
    "}",
    `if [[ $funcstack[1] == _agora-tokend ]]; then _agora_tokend "$@"; else compdef _agora_tokend ${name}; fi`,
  ].join("\n");
}

// The commands under one, or else its options and arguments.
function zshLevel(parent: Command): string[] {
  if (parent.commands.length === 0) {
    const specs = [...parent.options.flatMap(zshOption), ...parent.registeredArguments.map(zshArgument)];
    return [`_arguments ${specs.map(quote).join(" ")}`];
  }
  return [
    "commands=(",
    ...parent.commands.map((command) => `  ${quote(`${command.name()}:${command.description()}`)}`),
    ")",
    "if (( CURRENT == 2 )); then",
    "  _describe command commands",
    "  return",
    "fi",
    "command=$words[2]",
    "shift words",
    "(( CURRENT-- ))",
    "case $command in",
    ...parent.commands.flatMap((command) => [
      `  ${command.name()})`,
      ...zshLevel(command).map((line) => `    ${line}`),
      "    ;;",
    ]),
    "esac",
  ];
}

function zshOption(option: Option): string[] {
  const spellings = spellingsOf(option);
  const several = option.parseArg === (collected as unknown);
  const said = `[${zshText(option.description)}]`;
  const value = takesValue(option) ? `:${zshText(option.attributeName())}:${zshValues(option)}` : "";
  const once = spellings.length > 1 ? `(${spellings.join(" ")})` : "";
  return spellings.map((spelling) => `${several ? "*" : once}${spelling}${said}${value}`);
}

function zshValues(option: Option): string {
  if (option.argChoices) return `(${option.argChoices.join(" ")})`;
  return takesFile(option) ? "_files" : " ";
}

function zshArgument(argument: Argument): string {
  const values = argument.argChoices
    ? `(${argument.argChoices.join(" ")})`
    : argument.name() === "file"
      ? "_files"
      : " ";
  return `${argument.variadic ? "*" : ""}:${zshText(argument.name())}:${values}`;
}

// What has a meaning to _arguments.
function zshText(text: string): string {
  return text.replace(/[[\]:\\]/g, "\\$&");
}

function wordsOf(command: Command): string[] {
  const choices = command.registeredArguments.flatMap(({ argChoices }) => argChoices ?? []);
  const options = command.options.flatMap(({ long }) => long ?? []);
  return [...command.commands.map((each) => each.name()), ...choices, ...options, "--help"];
}

function spellingsOf({ short, long }: Option): string[] {
  return [short, long].filter((spelling) => typeof spelling === "string");
}

function takesValue(option: Option): boolean {
  return option.required || option.optional;
}

function takesFile(option: Option): boolean {
  return option.flags.includes("<file>");
}

function quote(text: string): string {
  return `'${text.replace(/'/g, "'\\''")}'`;
}
