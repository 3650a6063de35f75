/* Instances of the module for a language that loads shared libraries (offers.py): what wasm2c leaves to C. */
#include <stdlib.h>

#include "mesoscale_core.h"

Z_mesoscale_core_instance_t *mesoscale_core_new(void) {
  static int is_ready = 0;
  if (!is_ready) {
    wasm_rt_init();
    Z_mesoscale_core_init_module();
    is_ready = 1;
  }
  Z_mesoscale_core_instance_t *core = calloc(1, sizeof *core);
  if (core != NULL) Z_mesoscale_core_instantiate(core);
  return core;
}

void mesoscale_core_free(Z_mesoscale_core_instance_t *core) {
  Z_mesoscale_core_free(core);
  free(core);
}
