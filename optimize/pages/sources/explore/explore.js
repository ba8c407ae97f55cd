/** The what-if page. */

export {};
