/* Everything is in the header; this file lets it be a module. */
#include "retina_lanes.h"
