/* The functions are written in Swift, in Sources/RetinaC; this file lets the header be a module. */
#include "retina.h"
