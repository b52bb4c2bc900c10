/* Options and examples of the commands about what was recorded. */
#include "cli/command_rows.h"

#define OPT_FROM(doc)                                 \
	{                                             \
		0, "from", "TIME", doc, CLI_ANY, NULL \
	}
#define OPT_TO                                                                       \
	{                                                                            \
		0, "to", "TIME", "Leave out what happened after that", CLI_ANY, NULL \
	}
const struct cli_option cli_replay_options[] = {
	OPT_FROM("Begin there, with the screen as it was then"),
	OPT_TO,
	{ 0, "speed", "N", "So many times as fast: 0.5, 4 (default: 1)", CLI_ANY, NULL },
	{ 'i', "idle-limit", "DURATION", "No pause is longer than that", CLI_ANY, NULL },
	{ 0, "wait", NULL, "Show the last screen until a key is typed", CLI_ANY, NULL },
	END_OPTIONS,
};
const struct cli_example cli_replay_examples[] = {
	{ "orchflow replay p3 --speed 4 --idle-limit 1s", "What happened, in a hurry." },
	{ "orchflow replay p3 --from -10m", "The last ten minutes." },
	END_EXAMPLES,
};

const struct cli_option cli_export_options[] = {
	{ 'f', "format", "FORMAT",
	  "asciicast (version 3), asciicast2, text or html (default: asciicast)", CLI_CHOICE,
	  "asciicast|asciicast2|text|html" },
	OPT_FROM("Leave out what happened before that"),
	OPT_TO,
	END_OPTIONS,
};
const struct cli_example cli_export_examples[] = {
	{ "orchflow export p3 > p3.cast", "A recording for asciinema's players." },
	{ "orchflow export p3 --format text | less", "All that it ever showed, to read." },
	END_EXAMPLES,
};

const struct cli_option cli_forget_options[] = { END_OPTIONS };
const struct cli_example cli_forget_examples[] = {
	{ "orchflow forget p3", "After a password was printed there." },
	END_EXAMPLES,
};
