/* orchflow stats --watch. */
#ifndef CLI_STATS_H
#define CLI_STATS_H

#include "client/client.h"

/* Show rates and values once a second, until interrupted; the exit status. */
int stats_watch(struct client *c);

#endif
