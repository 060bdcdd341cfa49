#ifndef RETINA_PROCESSOR_H
#define RETINA_PROCESSOR_H

/* The highest x86-64 level that this processor and its operating system offer: 4 (AVX-512 with VNNI), 3 (AVX2 and FMA), else 1.
   1 on every other architecture. Swift cannot ask the processor itself. */
int retina_processor_level(void);

#endif
