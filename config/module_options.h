/*
 * The options of a module, held against the rows of its schema, and the
 * settings that its load() gets.
 */
#ifndef CONFIG_MODULE_OPTIONS_H
#define CONFIG_MODULE_OPTIONS_H

#include "config/config.h"
#include "config/problem.h"
#include "modules/sallyport_module.h"

/*
 * Check the schema and the options; every error is added, with the place of
 * the option.
 */
void module_options_check(const struct sallyport_option *rows,
    const struct module_settings *settings, struct problems *problems);

/* The row that takes the services that the policy names, or NULL. */
const struct sallyport_option *module_options_services(
    const struct sallyport_option *rows);

/*
 * The settings of options that were checked: numbers, seconds and sizes in
 * decimal.  services: more values of the row that takes them, or NULL.  *count
 * of them; free with module_settings_free().  Names and files are borrowed.
 */
struct sallyport_setting *module_settings_make(
    const struct sallyport_option *rows, const struct module_settings *settings,
    const struct pairs *services, size_t *count);
void module_settings_free(struct sallyport_setting *settings, size_t count);

#endif
