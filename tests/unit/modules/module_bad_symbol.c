/*
 * A shared object that is no module.
 */
__attribute__((visibility("default"))) extern const int not_a_module;
const int not_a_module = 1;
